"""The local stack: simulators of Fortnox and Ongoing, the emulated AWS, and what starts, seeds and stops them."""
