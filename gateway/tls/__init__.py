"""Certificates: read from files or from the SPIFFE Workload API, checked, exchanged in service.

`material` is one certificate with its key and authorities, as contexts of Python's `ssl`;
`certificates` holds what is in force, `files` and `workload_api` bring newer ones. Knows no
protocol. Lost at this door: private keys, which nobody outside needs to read.
"""
