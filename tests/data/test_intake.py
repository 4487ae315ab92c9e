"""Data as users have them become rows, rates, times and groups."""

import datetime
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from symdisc._data.missing import check_complete, missing_values
from symdisc._data.tables import as_table, depth, n_rows, n_snapshots
from symdisc._data.times import as_seconds
from symdisc._intake.columns import warn_of_labels
from symdisc._intake.intake import Demands, Samples, check_no_times, take_in

RUNS = [np.arange(12.0).reshape(6, 2), np.arange(8.0).reshape(4, 2)]
TIMES = [np.arange(6.0), np.arange(4.0)]
X = np.arange(20.0).reshape(10, 2)
SINDY = Demands("drop", step=1.0, differentiation="central")
NAN = float("nan")


def taken(X, demands=None, **given):
    return take_in(Samples(X, **given), demands or Demands())


def refusal(X, demands=None, **given):
    with pytest.raises((ValueError, TypeError)) as caught:
        taken(X, demands, **given)
    return str(caught.value)


def messages(function, *arguments):
    """Return the texts of all warnings of a call."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        function(*arguments)
    return [str(warning.message) for warning in caught]


class TestListOfTrajectories:
    def test_rows_and_groups(self):
        found = taken(RUNS, y=RUNS, t=TIMES)
        np.testing.assert_array_equal(found.X, np.vstack(RUNS))
        np.testing.assert_array_equal(found.y, np.vstack(RUNS))
        np.testing.assert_array_equal(found.t, [*range(6), *range(4)])
        np.testing.assert_array_equal(found.groups, [0] * 6 + [1] * 4)
        assert found.shape is None

    def test_one_time_for_all(self):
        assert taken(RUNS, t=0.5).t == 0.5
        same = [RUNS[0], 2 * RUNS[0]]
        np.testing.assert_array_equal(taken(same, t=TIMES[0]).t, [*range(6)] * 2)
        assert "lengths [6, 4]" in refusal(RUNS, t=TIMES[0])
        assert "numpy.stack(X)" in refusal(list(np.ones((30, 4, 4))), t=np.arange(30))
        assert "[4, 4, 4, 4, 4, 4, ...]" in refusal(
            list(np.ones((30, 4, 4))), t=np.arange(30)
        )
        np.testing.assert_array_equal(
            taken(RUNS, t=np.concatenate(TIMES)).t, np.concatenate(TIMES)
        )

    def test_nested_lists_of_times(self):
        found = taken(RUNS, t=[list(t) for t in TIMES])
        np.testing.assert_array_equal(found.t, np.concatenate(TIMES))

    def test_names_of_columns_stay(self):
        frames = [pd.DataFrame(run, columns=["a", "b"]) for run in RUNS]
        assert list(taken(frames).X.columns) == ["a", "b"]
        frames[1].columns = ["a", "c"]
        assert "X[1] has columns ['a', 'c']" in refusal(frames)

    def test_labels(self):
        found = taken(RUNS, Demands(labels=True), y=[np.zeros(6), np.ones(4)])
        np.testing.assert_array_equal(found.y, [0] * 6 + [1] * 4)

    def test_groups_beside(self):
        assert "groups has 7 labels" in refusal(RUNS, groups=np.zeros(7))
        # Labels of trajectories do not join them, those of rows split them.
        found = taken(RUNS, groups=["same", "same"])
        np.testing.assert_array_equal(found.groups, [0] * 6 + [1] * 4)
        found = taken(RUNS, groups=[0, 0, 0, 1, 1, 1, 1, 1, 1, 1])
        np.testing.assert_array_equal(found.groups, [0] * 3 + [1] * 3 + [2] * 4)

    @pytest.mark.parametrize(
        ("runs", "given", "message"),
        [
            ([RUNS[0], RUNS[1][:, :1]], {}, r"X[1] has shape (4, 1), but X[0]"),
            ([RUNS[0], RUNS[1][0]], {}, "item 1 has 1 dimensions"),
            ([sparse.csr_array(r) for r in RUNS], {}, "X[0] is sparse"),
            ([np.ma.masked_less(r, 1) for r in RUNS], {}, "X[0] is a masked array"),
            (RUNS, {"y": np.vstack(RUNS)}, "y is no list"),
            (RUNS, {"y": RUNS[::-1]}, "one of lengths [4, 6]"),
            (RUNS, {"t": TIMES[::-1]}, "times of lengths [4, 6]"),
            (np.vstack(RUNS), {"y": RUNS}, "y is a list of 2 arrays"),
            ([r.tolist() for r in RUNS], {}, "X is a list that is nested 3 deep"),
        ],
    )
    def test_refused(self, runs, given, message):
        assert message in refusal(runs, **given)

    def test_outside_of_memory(self):
        array = pytest.importorskip("dask.array")
        large = array.zeros((10**5, 1000), chunks=(1000, 1000))
        assert "X[0] is an array outside of memory" in refusal([large, large])

    def test_a_table_stays_a_table(self):
        for table in (X.tolist(), [tuple(row) for row in X], list(X), tuple(X)):
            found = taken(table)
            assert found.X is table
            assert found.groups is None


class TestFrames:
    def test_movie(self):
        movie = np.arange(60.0).reshape(5, 3, 4)
        found = taken(movie, y=movie)
        assert found.shape == (3, 4)
        np.testing.assert_array_equal(found.X, movie.reshape(5, 12))
        np.testing.assert_array_equal(found.y, found.X)

    def test_channels_and_lists(self):
        frames = np.zeros((5, 2, 3, 4))
        found = taken([frames, frames[:3]])
        assert found.shape == (2, 3, 4)
        assert found.X.shape == (8, 24)

    def test_other_frames_than_those_of_the_fit(self):
        with pytest.raises(ValueError, match=r"shape \(4, 3\).*rows of 12 values"):
            as_table(np.zeros((5, 4, 3)), "X", (3, 4))

    def test_of_no_rows(self):
        assert as_table(np.zeros((0, 3, 4)), "X")[0].shape == (0, 12)

    def test_dataset(self):
        class Dataset:
            data_vars = ()

        assert "from_xarray" in refusal(Dataset())


class TestTimes:
    dates = pd.date_range("2024-03-31", periods=4, freq="h", tz="Europe/Berlin")

    @pytest.mark.parametrize(
        "t",
        [
            dates,
            pd.Series(dates),
            dates - dates[0],
            (dates - dates[0]).to_numpy(),
            list(dates.to_pydatetime()),
            list((dates - dates[0]).to_pytimedelta()),
        ],
    )
    def test_seconds(self, t):
        seconds, converted = as_seconds(t)
        assert converted
        # Clocks in Berlin go forward at two o'clock, which has no part in it.
        np.testing.assert_array_equal(seconds, [0, 3600, 7200, 10800])

    def test_steps_days_and_months(self):
        assert as_seconds(datetime.timedelta(minutes=1)) == (60.0, True)
        assert as_seconds(pd.Timedelta("1h")) == (3600.0, True)
        days = [datetime.date(2024, 1, 1), datetime.date(2024, 1, 3)]
        np.testing.assert_array_equal(as_seconds(days)[0], [0, 2 * 86400])
        months = np.array(["2024-01", "2024-03"], "M8[M]")
        np.testing.assert_array_equal(as_seconds(months)[0], [0, 60 * 86400])

    def test_numbers_are_left_alone(self):
        t = np.arange(3)
        assert as_seconds(t) == (t, False)
        assert as_seconds(0.5) == (0.5, False)

    @pytest.mark.parametrize(
        ("t", "message"),
        [
            (pd.DatetimeIndex(["2024", None]), "NaT in row 1, and in 1 of 2"),
            (np.datetime64("2024"), "t is the date"),
            ([[1.0], [2.0, 3.0]], "t is not an array of times"),
        ],
    )
    def test_refused(self, t, message):
        with pytest.raises(ValueError, match=message):
            as_seconds(t)

    def test_each_trajectory_has_its_own(self):
        dates = pd.date_range("2024", periods=10, freq="s")
        found = taken(RUNS, t=[dates[:6], dates[6:]])
        np.testing.assert_array_equal(found.t, [*range(6), *range(4)])
        assert found.in_seconds


class TestTimesInTheWrongPlace:
    def check(self, X, y=None, labels=False, **given):
        check_no_times(Samples(X, y, **given), Demands(labels=labels))

    @pytest.mark.parametrize(
        "y", [np.arange(10), np.linspace(0, 1, 10).tolist(), np.arange(10).astype("M8")]
    )
    def test_as_y(self, y):
        y = y.astype("M8[s]") if getattr(y, "dtype", None) == "M8" else y
        with pytest.raises(ValueError, match=r"y looks like times.*fit\(X, t=...\)"):
            self.check(X, y)
        self.check(X, y, labels=True)
        self.check(X, y, t=1.0)

    def test_as_y_of_a_list(self):
        with pytest.raises(ValueError, match="y looks like times"):
            self.check([X, X], [np.arange(10)] * 2)

    @pytest.mark.parametrize(
        "y", [np.arange(10) // 2, np.arange(9), list("abcdefghij"), X, None]
    )
    def test_other_y(self, y):
        self.check(X, y)

    @pytest.mark.parametrize("freq", ["dates", "durations"])
    def test_as_index(self, freq):
        index = pd.date_range("2024", periods=10, freq="s")
        index = index if freq == "dates" else index - index[0]
        frame = pd.DataFrame(X, index=index)
        with pytest.warns(UserWarning, match=r"looks like times.*Pass t=X.index"):
            self.check(frame)
        with pytest.warns(UserWarning, match=r"Pass t=\[x.index for x in X\]"):
            self.check([frame, frame])
        self.check(frame, t=1.0)
        self.check(frame, X)
        check_no_times(Samples(frame), Demands(), index=False)

    def test_as_columns(self):
        frame = pd.DataFrame(X, columns=["Time", "run"])
        texts = messages(self.check, frame)
        assert "pass groups=X['run']" in texts[0]
        assert "pass t=X['Time'] and X.drop(columns='Time')" in texts[1]
        assert len(texts) == 2
        warn_of_labels(frame, 0.1, np.zeros(10))


class TestMissing:
    bad = np.where(np.isin(np.arange(20), [4, 9, 12]).reshape(10, 2), NAN, X)

    @pytest.mark.parametrize(
        "table",
        [
            bad,
            bad.astype(np.float32),
            bad.tolist(),
            np.where(np.isnan(bad), None, bad),
            pd.DataFrame(bad).astype("Float64"),
        ],
        ids=["array", "single", "list", "None", "NA"],
    )
    def test_seen(self, table):
        np.testing.assert_array_equal(missing_values(table), np.isnan(self.bad))

    @pytest.mark.parametrize(
        "table", [X, X.astype(int), [["a"]], np.empty((0, 2)), sparse.csr_array(bad)]
    )
    def test_nothing_missing(self, table):
        assert missing_values(table) is None

    def test_message(self):
        message = refusal(pd.DataFrame(self.bad, columns=["a", "b"]))
        assert "X contains NaN in row 2, column 'a', and in 3 of 10 rows" in message
        assert 'Pass missing="drop"' in message
        assert "y contains NaN in row 2, column 0" in refusal(X, y=self.bad)
        with pytest.raises(ValueError, match="row 1, and in 1 of 2 rows"):
            check_complete(np.array([1.0, NAN]), "y")

    @pytest.mark.parametrize(
        ("table", "message"),
        [
            (
                np.where(X == 5, np.inf, X),
                "X contains infinity in row 2, column 1, and",
            ),
            (np.where(X == 5, -np.inf, X), "X contains infinity in row 2, column 1"),
            (
                pd.DataFrame({"a": X[:, 0], "kind": ["x"] * 10}),
                r"X contains text \('x'\) in row 0, column 'kind', and in 10 ",
            ),
            ([["1", "2"], ["3", "b"]], r"X contains text \('b'\) in row 1, column 1"),
        ],
    )
    def test_other_values_that_are_no_numbers_are_located(self, table, message):
        with pytest.raises(ValueError, match=message):
            check_complete(table, "X")

    def test_columns_of_one_name(self):
        frame = pd.DataFrame(X, columns=["a", "a"])
        assert "X has 2 columns named 'a'" in refusal(frame)

    def test_neighbours_keep_their_times(self):
        bad = np.where(np.arange(30)[:, None] == 4, NAN, np.ones((30, 2)))
        for given in ({"t": 0.5}, {"t": 0.5 * np.arange(30)}):
            with pytest.warns(UserWarning, match="leaves out 1 of 30 rows"):
                found = taken(bad, SINDY, **given)
            np.testing.assert_array_equal(found.t, 0.5 * np.delete(np.arange(30), 4))
        with pytest.warns(UserWarning, match="leaves out 1 of 30 rows"):
            found = taken(bad, SINDY)
        np.testing.assert_array_equal(found.t, np.delete(np.arange(30.0), 4))

    def test_without_times_trajectories_end_there(self):
        with pytest.warns(UserWarning, match="leaves out 3 of 10"):
            found = taken(self.bad, Demands("drop"), groups=list("aaaaaabbbb"))
        np.testing.assert_array_equal(found.groups, [0, 0, 1, 2, 4, 4, 4])

    def test_rates_weights_and_names_go_along(self):
        frame = pd.DataFrame(X, columns=["a", "b"])
        with pytest.warns(UserWarning, match="leaves out 3 of 10"):
            found = taken(frame, SINDY, y=self.bad, weight=np.arange(10))
        np.testing.assert_array_equal(found.X["a"], np.delete(X[:, 0], [2, 4, 6]))
        np.testing.assert_array_equal(found.weight, [0, 1, 3, 5, 7, 8, 9])
        assert np.isfinite(found.y).all()

    def test_labels(self):
        labels = [0, 1, None, *[1] * 7]
        with pytest.warns(UserWarning, match="leaves out 1 of 10"):
            found = taken(X, Demands("drop", labels=True), y=np.array(labels))
        assert len(found.X) == len(found.y) == 9

    def test_lengths_that_disagree(self):
        demands = Demands("drop")
        with pytest.warns(UserWarning, match="leaves out 3 of 10"):
            assert "y has 9 rows, but X has 10" in refusal(self.bad, demands, y=X[:9])
        with pytest.warns(UserWarning, match="leaves out 3 of 10"):
            assert "sample_weight has 9 rows" in refusal(
                self.bad, demands, weight=np.ones(9)
            )

    def test_nothing_left(self):
        with pytest.warns(UserWarning, match="leaves out 10 of 10"):
            assert "all of its 10 rows" in refusal(X * NAN, Demands("drop"))

    def test_nothing_missing_is_silent(self):
        found = taken(X, SINDY, t=0.1)
        assert found.X is X
        assert found.t == 0.1


class TestTooShort:
    def test_single_visits(self):
        groups = [0, 0, 0, 0, 1, 2, 2, 2, 2, 3]
        with pytest.warns(UserWarning, match="2 rows left out: 2 of the trajectories"):
            found = taken(X, Demands(), t=1.0, groups=groups)
        np.testing.assert_array_equal(found.groups, np.delete(groups, [4, 9]))
        np.testing.assert_array_equal(found.t, [0, 1, 2, 3] * 2)

    def test_how_many_rows_it_takes(self):
        assert "needs 3 of order=2" in refusal(
            X,
            Demands(differentiation="weak", order=2),
            t=1.0,
            groups=np.arange(10) // 2,
        )
        with pytest.warns(UserWarning, match="1 row left out: .* shorter than the 3"):
            taken(X, Demands(order=2), t=1.0, groups=[0] * 9 + [1])

    def test_between_missing_rows(self):
        fast = np.tile(np.cos(2 * np.arange(30))[:, None], 2)
        bad = np.where(np.isin(np.arange(30), [4, 6])[:, None], NAN, fast)
        with (
            pytest.warns(UserWarning, match="leaves out 2 of 30"),
            pytest.warns(UserWarning, match="1 row left out: 1 of the stretches"),
        ):
            found = taken(bad, SINDY, t=1.0)
        np.testing.assert_array_equal(found.t, np.delete(np.arange(30), [4, 5, 6]))

    def test_irregular_steps_are_not_to_blame(self):
        t = np.geomspace(1, 1e6, 10)
        assert taken(X, SINDY, t=t).t is t

    def test_rates_need_no_neighbours(self):
        found = taken(X, SINDY, y=X, t=1.0, groups=np.arange(10))
        assert len(found.X) == 10


def test_depth_and_lengths():
    assert depth(pd.DataFrame(X)) == depth(X.tolist()) == depth(list(X)) == 2
    assert depth(3.0) == depth(None) == depth("text") == depth([]) == 0
    assert n_rows(np.float64(1)) == n_rows(None) == 0
    assert n_rows(pd.Series([1, 2])) == n_rows([1, 2]) == 2
    assert n_snapshots(RUNS) == 10
