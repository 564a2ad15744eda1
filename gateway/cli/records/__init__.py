"""Calls written out for other programs: spreadsheets, billing, data warehouses.

What is written is the public API's; here it is only given another form.
"""
