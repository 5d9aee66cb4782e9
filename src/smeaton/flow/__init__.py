"""The whole story: the only place where the building side and the running side meet.

Import from its modules: to serve, nothing of the building side is needed, and this package pulls in none of it.
"""
