"""One reply by two models, whoever asked for it. Knows nothing of Pipecat.

`conductor` runs a relay, `request` is one open request, `heard` what comes out of a reply. What is
asked of whom stands in `conversation`, `requests` and `policy`; what was measured in `report` and
`latency`.
"""
