"""The code MLflow stores with a model and runs to serve it; all it does is in this package."""

from mlflow.models import set_model

from ptssp_sklearn.serving import ServedPipeline

set_model(ServedPipeline())
