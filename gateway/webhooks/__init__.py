"""Posting events to tenants' receivers over HTTP.

Here live the request, its signature (Standard Webhooks), and the refusal of addresses that no
tenant may make the gateway connect to. What is sent, when, and how often is `service`'s; how an
event looks is `wire`'s. What is lost at this door: everything a receiver answers but its
status and `Retry-After`.
"""
