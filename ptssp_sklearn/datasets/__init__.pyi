from .dataset import LabelledDataset as LabelledDataset
from .opening import open_dataset as open_dataset
from .yolo_folder import write_yolo as write_yolo
