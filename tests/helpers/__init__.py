"""What tests share: made-up results, processes that are killed, browsers that listen."""
