"""What `include("reproq_django.urls")` answers. JSON, but for the two pages in authorize.py.

base.py says who is let in, by access.py, and that every answer is JSON.
"""
