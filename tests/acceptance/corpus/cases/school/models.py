"""A school in the style of SQLAlchemy 1: declarative_base(), Column and Query."""

from sqlalchemy import Column, Date, Float, ForeignKey, Integer, String
from sqlalchemy.ext.associationproxy import association_proxy
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import backref, declarative_base, object_session, relationship

Base = declarative_base()


class Teacher(Base):
    __tablename__ = "teachers"
    id = Column(Integer, primary_key=True)
    name = Column(String(60))


class Course(Base):
    __tablename__ = "courses"
    id = Column(Integer, primary_key=True)
    title = Column(String(60))
    teacher_id = Column(Integer, ForeignKey("teachers.id"))
    teacher = relationship(Teacher, backref=backref("courses", order_by="Course.id"))


class Student(Base):
    __tablename__ = "students"
    id = Column(Integer, primary_key=True)
    name = Column(String(60))
    born = Column(Date)
    enrolments = relationship("Enrolment", back_populates="student", order_by="Enrolment.id")
    courses = association_proxy("enrolments", "course")
    titles = association_proxy("enrolments", "title")

    @hybrid_property
    def average(self):
        grades = [e.grade for e in self.enrolments]  # expect[hybrid_over_a_collection]: QS101
        return sum(grades) / len(grades) if grades else 0

    @hybrid_property
    def best(self):
        session = object_session(self)
        query = session.query(Enrolment).filter(Enrolment.student_id == self.id)
        ranked = query.order_by(Enrolment.grade.desc())
        first = ranked.first()  # expect[hybrid_with_its_own_query]: QS104|QS103
        return first.grade if first else None


class Enrolment(Base):
    __tablename__ = "enrolments"
    id = Column(Integer, primary_key=True)
    student_id = Column(Integer, ForeignKey("students.id"))
    course_id = Column(Integer, ForeignKey("courses.id"))
    grade = Column(Float, default=4.0)
    student = relationship(Student, back_populates="enrolments")
    course = relationship(Course)

    @property
    def title(self):
        return self.course.title  # expect[association_proxy_to_a_property]: QS101 Enrolment.course


class Room(Base):
    __tablename__ = "rooms"
    id = Column(Integer, primary_key=True)
    name = Column(String(20))
    seats = Column(Integer, default=20)
