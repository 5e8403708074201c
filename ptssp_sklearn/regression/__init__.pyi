from .adaptation import adapt_regressor as adapt_regressor
from .regressor import CurveParamRegressor as CurveParamRegressor
