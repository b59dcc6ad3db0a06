"""Blocks that lie elsewhere: IPFS nodes over their RPC, and HTTP gateways; trusted by hash only.

Part of the store (1st floor). Doors: `kubo.KuboStore`, `gateway.GatewayStore`,
`ready_client.ClientStore`, `layered.LayeredStore` and `selftest.selftest`.
"""
