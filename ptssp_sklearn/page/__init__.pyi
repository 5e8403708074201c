from .server import serve_page as serve_page
