from .dataset import LabelledDataset as LabelledDataset
from .name_pairs import pair_names as pair_names
from .opening import open_dataset as open_dataset
from .typical import image_table as image_table
from .typical import typical_images as typical_images
from .yolo_folder import write_yolo as write_yolo
