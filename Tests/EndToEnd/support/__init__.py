"""Helpers of the tests that run the built program: processes, peers, tables, the service and its event streams."""
