import subprocess
import sys


def test_writers_and_frames_do_not_load_epics():
    code = "import sys, id3c_data.sim, id3c_data.sim.ioc, id3c_data.testing; print('softioc' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
