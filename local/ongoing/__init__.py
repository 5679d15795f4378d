"""A simulator of Ongoing WMS: the Automation calls that the product uses, strict and able to misbehave."""
