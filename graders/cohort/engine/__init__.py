"""Grades submissions in many processes, on one machine or several, through dask.distributed."""
