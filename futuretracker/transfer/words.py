"""The words for statuses, categories and campus modes, in the languages of the headers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from futuretracker.transfer.names import by_alias, simplified

if TYPE_CHECKING:
    from collections.abc import Mapping

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "status": by_alias({
        "saved": "bookmarked, wishlist, wish list, to apply, interested, not applied, todo, draft,"
        " gespeichert, gemerkt, vorgemerkt, enregistré, sauvegardé, à postuler, guardado, salvato,"
        " salvo",
        "applied": "application sent, submitted, sent, pending, in progress, beworben, abgeschickt,"
        " eingereicht, postulé, candidature envoyée, envoyé, aplicado, solicitado, enviado,"
        " candidatura inviata, inviato, candidato, candidatado",
        "shortlisted": "screening, phone screen, online assessment, oa, assessment, in review,"
        " vorauswahl, in prüfung, présélectionné, preseleccionado, preselezionato, pré-selecionado",
        "interviewed": "interview, interviewing, onsite, im gespräch, vorstellungsgespräch,"
        " gespräch, entretien, entrevista, entrevistado, colloquio, intervistato",
        "selected": "hired, passed, ausgewählt, sélectionné, retenu, seleccionado, selezionato,"
        " selecionado",
        "offer": "offered, offer received, job offer, angebot, zusage, offre, offre reçue, oferta,"
        " oferta recibida, offerta, oferta recebida",
        "accepted": "offer accepted, angenommen, accepté, aceptado, aceptada, accettato, aceito,"
        " aceite",
        "withdrawn": "withdrew, declined, cancelled, canceled, zurückgezogen, retiré, désisté,"
        " retirado, ritirato, desistiu",
        "rejected": "not selected, denied, no, abgelehnt, absage, refusé, rejeté, rechazado,"
        " rifiutato, respinto, rejeitado, recusado",
        "ghosted": "no response, no answer, keine antwort, keine rückmeldung, sans réponse,"
        " sin respuesta, nessuna risposta, sem resposta",
    }),
    "category": by_alias({
        "internship": "intern, internships, summer internship, job, praktikum, stage,"
        " alternance, prácticas, pasantía, tirocinio, estágio, full-time, part-time",
        "hackathon": "hackathons, hackatón, hack",
    }),
    "campus_mode": by_alias({
        "on_campus": "campus, yes, ja, oui, sí, sì, sim, true",
        "off_campus": "no, nein, non, não, false",
    }),
}  # fmt: skip


def word_of(field: str, text: str) -> str:
    """Return the word of the API for a text, or the text itself if it stands for none."""
    return WORDS[field].get(simplified(text), text)
