def find_drift(tally, classifier):
    return []
