__version__: str

from .banks import load_curve_bank as load_curve_bank
from .curves import SigmoidCurveFitter as SigmoidCurveFitter
from .embedding import ImageEmbedder as ImageEmbedder
from .pipeline import TrainingSizePipeline as TrainingSizePipeline
from .pipeline import load_pretrained as load_pretrained
from .pipeline import make_training_size_pipeline as make_training_size_pipeline
from .regression import CurveParamRegressor as CurveParamRegressor
