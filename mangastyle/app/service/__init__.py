"""The service: `/shade`, `/style` and `/run` over HTTP for other programs, without a page and without anything kept on the disk.

`server` has its addresses, `forms` and `settings` read requests, `tasks` does what they ask for in the thread that computes, one after
the other, `line` bounds how many wait, `metrics` counts. Security, bodies, refusals and that thread are the studio's.
"""
