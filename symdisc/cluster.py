"""Parallel work on a dask.distributed cluster that may lose workers."""

from joblib._dask import DaskDistributedBackend

__all__ = ["ClusterBackend"]

# Smaller arguments travel with each task; joblib draws the line there, too.
LARGE = 1000


class ClusterBackend(DaskDistributedBackend):
    """Backend of joblib for clusters whose workers may die.

    joblib's own backend "dask" hands large arguments, such as the snapshots and the
    rows of the folds of a grid search, to some worker, and the whole call fails if
    that worker is lost [1]_. Here they are tasks, which the scheduler repeats on
    another worker.

    Parameters
    ----------
    client : distributed.Client, optional
        By default the one made last.
    **options
        Of joblib's backend "dask", see `joblib.parallel_config`.

    Raises
    ------
    ImportError
        If dask.distributed is missing.

    References
    ----------
    .. [1] https://github.com/dask/distributed/issues/3149

    Examples
    --------
    ::

        from distributed import Client
        from joblib import parallel_config
        from symdisc.cluster import ClusterBackend

        with parallel_config(ClusterBackend(client=Client("scheduler:8786"))):
            search.fit(X, X_dot, groups=groups)  # a GridSearchCV, with n_jobs=-1
    """

    def __init__(self, *, client=None, **options):
        try:
            import distributed  # noqa: F401
        except ImportError as error:
            raise ImportError(
                "ClusterBackend needs dask.distributed. Install it with "
                'pip install "symdisc[large]".'
            ) from error
        super().__init__(client=client, **options)

    def start_call(self):
        """Begin a call of joblib.Parallel."""
        super().start_call()
        self.call_data_futures = _Arguments(self.client)


class _Arguments:
    """Large arguments of one call, as tasks: asked for by joblib before it scatters."""

    def __init__(self, client):
        self.client, self.tasks = client, {}

    async def __getitem__(self, argument):
        from dask.sizeof import sizeof

        if sizeof(argument) <= LARGE:
            return None
        if id(argument) not in self.tasks:
            task = self.client.submit(_same, argument, pure=False)
            # The argument is kept as well, lest another one gets its id.
            self.tasks[id(argument)] = task, argument
        return self.tasks[id(argument)][0]

    def clear(self):
        self.tasks.clear()


def _same(argument):
    return argument
