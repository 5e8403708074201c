from .adaptation import adapt_regressor as adapt_regressor
from .hierarchical.learner_regressor import LearnerCurveRegressor as LearnerCurveRegressor
from .regressor import CurveParamRegressor as CurveParamRegressor
