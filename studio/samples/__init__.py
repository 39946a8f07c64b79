"""The seeded generator of the sample works that the demonstration and the tests draw.

`painting.panel(seed)`, `building.building(seed)`, `sheets.plan | elevation | section`, `ageing.age`, `coins.coins`.
"""
