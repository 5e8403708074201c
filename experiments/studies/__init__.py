"""The reference studies of the founding documents, each as a learning curve."""
