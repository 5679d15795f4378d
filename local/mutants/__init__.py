"""Changes one thing at a time in the code that invoices and keys depend on, and sees whether a test notices."""
