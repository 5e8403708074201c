from .calibration import calibrate as calibrate
from .distribution import CurveDistribution as CurveDistribution
from .mixture import Mixture as Mixture
from .noise import MeasurementNoise as MeasurementNoise
from .population import Population as Population
from .posterior import CurvePrior as CurvePrior
from .quantile_levels import LevelMap as LevelMap
