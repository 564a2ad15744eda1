"""Which trunk carries a call, and why: pure functions in a visible order.

Two steps. `ranking.rank` asks the configuration alone: may the tenant call the number
(`destination`), which route fits (`network`), in which order come its trunks (`order`), what
is against each (`rules`), what may be shown (`caller_ids`). `taking.take` then asks each trunk
in turn whether it is free at this moment; how full or ill it is, is told from outside as a
`TrunkState`. `decision` has the values in between, which explain the choice later;
`disclosure` leaves out what a tenant may not know.

No clock, no store, no network: time and chance (the call's id) are arguments. Calls keep
values of `decision`, so nothing is imported here.
"""
