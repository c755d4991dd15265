"""The names of columns, in English, German, French, Spanish, Italian and Portuguese."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from futuretracker.transfer.names import by_alias, simplified

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FIELDS: Final = by_alias({
    "id": "opportunity id",
    "title": "job title, position, role, job, name, position title, job role, stelle, titel, beruf,"
    " bezeichnung, stellenbezeichnung, poste, intitulé, titre, intitulé du poste, puesto, cargo,"
    " título, oferta, posizione, ruolo, titolo, mansione, posto, vaga, posição, função",
    "company": "company name, employer, organization, organisation, host, firma, unternehmen,"
    " arbeitgeber, entreprise, société, employeur, empresa, compañía, empleador, azienda, società,"
    " datore di lavoro, companhia, empregador",
    "location": "city, place, office, where, locations, ort, standort, stadt, arbeitsort, lieu,"
    " ville, localisation, lugar, ubicación, ciudad, luogo, città, sede, local, localização,"
    " cidade",
    "category": "type, kind, job type, kategorie, art, catégorie, categoría, tipo, categoria",
    "status": "state, stage, application status, zustand, stand, statut, état, estado, stato,"
    " situação",
    "link": "url, job url, job link, posting, website, web site, application link, apply link,"
    " webseite, lien, site, enlace, collegamento, sito",
    "description": "job description, beschreibung, stellenbeschreibung, description du poste,"
    " descripción, descrizione, descrição",
    "notes": "note, comment, comments, remarks, notiz, notizen, bemerkung, bemerkungen, kommentar,"
    " remarque, remarques, commentaire, commentaires, notas, comentario, comentarios, nota,"
    " commenti, observações",
    "deadline": "due, due date, closing date, apply by, application deadline, closes, frist,"
    " bewerbungsfrist, bewerbungsschluss, date limite, échéance, fecha límite, plazo, scadenza,"
    " termine, prazo, data limite",
    "applied_on": "applied, date applied, applied date, application date, applied at, date,"
    " beworben am, beworben, bewerbungsdatum, datum, date de candidature, postulé le,"
    " fecha de solicitud, fecha, data candidatura, data di candidatura, data, data da candidatura",
    "campus_mode": "campus, on campus",
    "pay": "salary, compensation, wage, stipend, gehalt, lohn, vergütung, salaire, rémunération,"
    " salario, sueldo, stipendio, retribuzione, salário, remuneração",
    "contact": "contact person, recruiter, referral, kontakt, ansprechpartner, ansprechperson,"
    " recruteur, contacto, reclutador, contatto, referente, contato",
    "tags": "tag, labels, label, keywords, skills, schlagwörter, étiquettes, mots-clés, etiquetas,"
    " palabras clave, etichette, palavras-chave",
    "time_zone": "time zone, timezone, tz, zeitzone, fuseau horaire, zona horaria, fuso orario,"
    " fuso horário",
    "created_at": "created, created on, date added, added, saved on, erstellt, erstellt am, ajouté,"
    " creado, creato, criado",
    "updated_at": "updated, last updated, modified, geändert, geändert am",
    "rounds": "interview rounds",
})  # fmt: skip
_NAMES: Final = frozenset(FIELDS.values())


def fields_of(names: Iterable[str]) -> tuple[Mapping[str, str], list[str]]:
    """Return the field of each column that has one, and the columns that have none.

    If two columns stand for the same field, the first one does; one that is named like the field
    comes before the others.
    """
    given = list(dict.fromkeys(names))
    found: dict[str, str] = {}
    for name in sorted(given, key=lambda each: each not in _NAMES):
        field = FIELDS.get(simplified(name))
        if field and field not in found.values():
            found[name] = field
    return found, [name for name in given if name.strip() and name not in found]
