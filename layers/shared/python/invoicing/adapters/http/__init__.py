"""HTTP to Ongoing and Fortnox."""
