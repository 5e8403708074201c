"""What the page of the banks shows."""
