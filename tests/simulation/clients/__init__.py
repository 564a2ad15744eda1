"""The tenants' side: clients that do what the plan says, and receivers of their webhooks.

They know the API and nothing else of a gateway, and write down all that they are told.
"""
