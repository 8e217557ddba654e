"""Where official code has its channels in another order."""
import numpy as np

from refvr.verify.compare import channel_orders as orders


def test_each_order_by_hand():
    assert orders.blue_first(3).tolist() == [2, 1, 0]
    assert orders.blue_first_of_four(12).tolist()== [8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3]
    assert orders.places_of_a_colour(12).tolist() == [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11]
    taps = orders.taps_of_a_channel(50)
    theirs = np.array([(channel, tap) for channel in range(2) for tap in range(25)])
    assert theirs[taps].tolist() == [[channel, tap] for tap in range(25) for channel in range(2)]


def test_which_values_may_have_which():
    ours, theirs = orders.orders_of("stfan", "align.filters", 50)
    assert ours is None and sorted(theirs) == list(range(50))
    assert orders.orders_of("stfan", "carry", 50) == [None] == orders.orders_of("nobody", "carry", 50)
