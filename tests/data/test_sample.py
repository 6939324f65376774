"""A sample of a stream: all of a short one, and of a long one each item as likely as any other."""

from collections import Counter

from glassformer.data.sample import Sample


def drawn(size, seed, items):
    sample = Sample(size, seed)
    for place, item in enumerate(items):
        sample.add(place, item)
    return sample.drawn()


def test_a_short_stream_is_kept_whole():
    assert sorted(drawn(5, 1, "abc").items()) == [(0, "a"), (1, "b"), (2, "c")]
    assert drawn(5, 1, "") == {}


def test_same_seed_same_sample_and_its_first_few_are_the_smaller_sample():
    ten, four = drawn(10, 1, range(100)), drawn(4, 1, range(100))
    assert list(ten.items())[:4] == list(four.items())
    assert ten == drawn(10, 1, range(100)) != drawn(10, 2, range(100))
    assert all(place == item for place, item in ten.items())


def test_all_are_drawn_about_equally_often():
    counts = Counter(place for seed in range(3000) for place in drawn(2, seed, range(6)))
    assert max(abs(counts[place] - 1000) for place in range(6)) < 160  # six standard deviations
