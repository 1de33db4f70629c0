"""What plana-secrets writes into a repository: ``repository`` plans and writes what
`init` creates.
"""
