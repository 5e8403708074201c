from .dataset import LabelledDataset as LabelledDataset
from .opening import open_dataset as open_dataset
from .typical import image_table as image_table
from .typical import typical_images as typical_images
from .yolo_folder import write_yolo as write_yolo
