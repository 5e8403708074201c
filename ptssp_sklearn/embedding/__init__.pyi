from .backbone import Backbone as Backbone
from .embedder import ImageEmbedder as ImageEmbedder
from .networks.architectures import ClipBackbone as ClipBackbone
from .networks.architectures import EfficientNetLite0Backbone as EfficientNetLite0Backbone
from .networks.architectures import InceptionBackbone as InceptionBackbone
from .registry import register_backbone as register_backbone
from .statistics.statistics_backbone import StatisticsBackbone as StatisticsBackbone
