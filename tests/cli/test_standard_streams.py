"""Standard streams as a program may find them."""
from refvr.cli.standard_streams import Patient


class Gone:
    encoding = "utf-8"

    def write(self, text):
        raise BrokenPipeError

    def flush(self):
        raise OSError(28, "No space left on device")


def test_messages_that_nobody_can_read_stop_no_work():
    stream = Patient(Gone())
    stream.write("a message")
    stream.flush()
