"""The script that Streamlit runs; in a folder of its own, since Streamlit puts that on the path."""

from ptssp_sklearn.page.app import main

main()
