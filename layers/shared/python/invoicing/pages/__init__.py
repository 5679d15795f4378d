"""The pages of the web, one file per page: what was asked, the use case, and what is shown of it."""
