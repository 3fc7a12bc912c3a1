"""Commands that only `manage.py reproq` has, because they ask Django for what they need."""
