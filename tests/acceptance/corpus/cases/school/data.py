"""Rows for the school's tests."""

from datetime import date

from school.models import Course, Enrolment, Room, Student, Teacher


def seed(session, students=4):
    """Four students in two of three courses each; each course has its own teacher."""
    courses = []
    for number in range(3):
        teacher = Teacher(name=f"teacher {number}")
        courses.append(Course(title=f"course {number}", teacher=teacher))
        session.add(Room(name=f"room {number}"))
    session.add_all(courses)
    session.flush()
    for number in range(students):
        student = Student(name=f"student {number}", born=date(2000, 1, number + 1))
        for serial in range(2):
            Enrolment(student=student, course=courses[(number + serial) % 3], grade=4.0 + serial)
        session.add(student)
    session.commit()
