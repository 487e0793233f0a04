"""Rows for the personnel department's tests."""

from sqlalchemy.orm import Session

from hr.models import Badge, Department, Engineer, Manager, Skill


def seed(session: Session) -> None:
    """A company of three levels; each department has a manager and two engineers."""
    company = Department(name="company")
    levels = [company]
    for name in ("research", "sales"):
        child = Department(name=name, parent=company)
        levels.append(child)
        for serial in range(2):
            levels.append(Department(name=f"{name} {serial}", parent=child))
    session.add_all(levels)
    session.flush()
    for department in levels:
        manager = Manager(name=f"head of {department.name}", department=department, bonus=1000)
        session.add(manager)
        for serial in range(2):
            engineer = Engineer(
                name=f"{department.name} engineer {serial}",
                department=department,
                boss=manager,
                language="Python",
            )
            engineer.skills = [Skill(name="sql"), Skill(name="tea")]
            session.add(engineer)
        session.add(Badge(number=f"B-{department.id}", department=department))
    session.commit()
