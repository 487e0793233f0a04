"""The rows that most tests of the clinic begin with."""

import datetime as dt

from sqlalchemy.orm import Session

from clinic.models import (
    Bed,
    Contact,
    Diagnosis,
    Doctor,
    Drug,
    Invoice,
    Note,
    Nurse,
    Patient,
    Prescription,
    Visit,
    Ward,
)


def seed(session: Session, patients: int = 4) -> None:
    house = Ward(name="house")
    for number in range(3):
        ward = Ward(name=f"ward {number}", above=house)
        ward.below = [Ward(name=f"room {number}.{each}") for each in range(2)]
        ward.beds = [Bed(number=each) for each in range(2)]
        session.add(ward)
    doctors = [Doctor(name=f"Dr {each}", licence=f"L{each}") for each in range(3)]
    nurses = [Nurse(name=f"nurse {each}", shift="night") for each in range(3)]
    drugs = [Drug(name=f"drug {each}", facts={"mg": each}) for each in range(4)]
    found = [Diagnosis(code=f"D{each}", title=f"finding {each}") for each in range(4)]
    session.add_all([*doctors, *nurses, *drugs, *found])
    for number in range(patients):
        patient = Patient(name=f"patient {number}")
        patient.contacts = [Contact(phone=f"0{number}{each}") for each in range(2)]
        for each in range(2):
            visit = Visit(day=dt.date(2024, 1, 1 + each), doctor=doctors[(number + each) % 3])
            visit.prescriptions = [Prescription(drug=drugs[number % 4], daily=1 + each)]
            visit.diagnoses = [found[number % 4], found[(number + 1) % 4]]
            patient.visits.append(visit)
        session.add(patient)
    session.flush()
    for patient in session.query(Patient).order_by(Patient.id):
        session.add(Note(patient_id=patient.id, body=f"note of {patient.name}"))
        session.add_all(Invoice(visit_id=visit.id, cents=100) for visit in patient.visits)
    session.commit()
