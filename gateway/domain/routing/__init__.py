"""Which trunk carries a call, and why: pure functions in a visible order.

Two steps. `ranking.rank` uses the configuration alone: whether the tenant may call the number
(`destination`), which route matches (`network`), the order of its trunks (`order`), objections
to each (`rules`), and the numbers to show (`caller_ids`). `taking.take` then checks each trunk in
turn for a free place; how full or healthy it is comes from outside as a `TrunkState`. `decision`
has the values in between, which explain the choice later; `disclosure` removes what a tenant may
not know.

No clock, no store, no network: time and randomness (the call's id) are arguments. Calls hold
values of `decision`, so nothing is imported here.
"""
