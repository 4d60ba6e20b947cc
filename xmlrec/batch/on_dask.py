def open_dask(request, *, is_small, scheduler, n_threads):
    raise NotImplementedError
