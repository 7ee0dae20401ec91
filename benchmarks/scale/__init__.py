"""What a fit takes as ratings become more: time, memory, and how near it comes to the least error there can be."""
