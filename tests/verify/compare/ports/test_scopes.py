"""Names for values of a graph whose nodes say in which modules they were made."""
from refvr.verify.compare.ports.scopes import module_names


def test_a_result_is_the_last_value_of_its_module():
    nodes = [(["body", "body.0"], "conv2d"), (["body", "body.0"], "relu"), (["body"], "add"), ([], "mul")]
    assert module_names(nodes) == ["", "body.0", "body", ""]


def test_calls_of_a_module_are_counted():
    nodes = [(["act"], "relu"), ([], "add"), (["act"], "relu_1"), (["act"], "relu_2")]
    assert module_names(nodes) == ["act", "", "act:1", "act:2"]
