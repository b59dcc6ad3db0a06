def prepare(raw, out):
    pass
