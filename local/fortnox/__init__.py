"""A strict simulator of Fortnox: its consent pages, its token endpoint, and the parts of REST v3 we use.

Where Fortnox documents a fact or an exchange with it was recorded, the simulator does exactly that. Where
nothing is known it does the worst plausible thing, and `options.Options` can switch it.
"""
