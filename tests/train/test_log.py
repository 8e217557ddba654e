"""The log of a run."""
from refvr.train.log import Log


def test_log_is_cut_where_a_run_resumes(tmp_path):
    log = Log(tmp_path / "log.csv")
    for step in range(1, 6):
        log.add(step=step, loss=1 / step, psnr=30.0) if step == 2 else log.add(step=step, loss=1 / step)
    log.save()
    again = Log(tmp_path / "log.csv", step=3)
    again.add(step=4, loss=0.5)
    again.save()
    lines = (tmp_path / "log.csv").read_text().splitlines()
    assert lines[0].startswith("step,loss,") and [line.split(",")[0] for line in lines[1:]] == ["1", "2", "3", "4"]
    assert dict(zip(lines[0].split(","), lines[2].split(",")))["psnr"] == "30" and lines[4].startswith("4,0.5,")
