"""A definition on Kafka: consume, step, and one transaction for everything that a commit interval made.

`running` is the whole of it for one instance; any number of them share a consumer group. `instance` is the loop,
`partition` an engine with its changelog, `restoring` how a partition gets its state back, `transaction` what makes a
commit atomic, `supervision` what happens when the broker goes away.
"""
