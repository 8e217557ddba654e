"""What a side of a race is asked and answers."""
from refvr.bench import worker


def test_the_protocol():
    class Subject:
        def run(self):
            return 3

        def work(self):
            return []

        def rehearse(self):
            return {"layout": "channels last"}

    assert worker.answer(Subject(), "run")["frames"] == 3
    assert worker.answer(Subject(), "work") == {"operations": []}
    assert worker.answer(Subject(), "rehearse") == {"layout": "channels last"}
    assert worker.answer(Subject(), "peak")["peak_mb"] > 1
    assert worker.answer(Subject(), "forget") == {}
    assert all(value > 0 for value in worker.limits(64, 1 << 16).values())
