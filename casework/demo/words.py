"""What people write to each other, short and plain."""

ASKS = (
    "Il manque la copie de votre pièce d’identité, recto et verso. Pouvez-vous l’ajouter ?",
    "Le justificatif de domicile date de plus de trois mois. Merci d’en joindre un plus récent.",
    "L’adresse indiquée est incomplète : pouvez-vous préciser le numéro et le bâtiment ?",
    "La photo jointe ne se lit pas bien. Pouvez-vous nous en envoyer une plus nette ?",
    "Pouvez-vous nous préciser la date souhaitée ?",
    "Il nous manque un numéro de téléphone où vous joindre en journée.",
    "Merci de nous indiquer le nom de naissance tel qu’il figure sur l’acte.",
    "Pouvez-vous joindre le plan de situation demandé ?",
)
COMPLETIONS = (
    "Bonjour, voici le document demandé. Merci.",
    "C’est fait, je vous ai ajouté la pièce manquante.",
    "Bonjour, j’ai précisé l’adresse : c’est le bâtiment B, deuxième étage.",
    "Voici une photo plus nette. Bonne journée.",
    "Désolé pour l’oubli, voici les informations.",
    "Bonjour, la date qui nous convient est le samedi suivant.",
    "Vous pouvez me joindre après 17 h. Merci à vous.",
)
CITIZENS = (
    "Bonjour, pouvez-vous me dire où en est ma demande ? Merci.",
    "Bonjour, je dois partir à la fin du mois. Aurai-je une réponse avant ?",
    "Faut-il que je me déplace, ou tout se fait-il en ligne ?",
    "Bonjour, j’ai changé de numéro de téléphone depuis ma demande.",
    "Merci pour votre réponse rapide.",
    "Bonjour, je me suis trompé dans la date. Est-il possible de la corriger ?",
    "Une autre personne peut-elle retirer le document à ma place ?",
    "Bonjour, je n’ai pas reçu le courrier annoncé.",
)
AGENTS = (
    "Bonjour, votre demande est bien arrivée et suit son cours. Nous vous répondons cette semaine.",
    "Bonjour, inutile de vous déplacer : tout se fait en ligne.",
    "Bonjour, la correction est faite. Bonne journée.",
    "Bonjour, nous attendons un avis du service technique avant de vous répondre.",
    "Bonjour, une autre personne peut venir avec votre pièce d’identité et une autorisation écrite.",
    "Bonjour, le passage de l’équipe est prévu dans les prochains jours.",
    "Bonjour, nous avons bien noté votre nouveau numéro.",
    "Bonjour, votre dossier est complet. Merci.",
)
ACCEPTED = (
    "Votre demande est acceptée. Vous recevrez le document sous quelques jours.",
    "Nous avons le plaisir de vous donner une réponse favorable.",
    "C’est fait : l’intervention a eu lieu. Merci de votre signalement.",
    "Votre inscription est enregistrée.",
    "Votre demande est acceptée, dans les conditions décrites sur la page de la démarche.",
)
REFUSED = (
    "Le logement indiqué est hors du territoire de la communauté urbaine : la demande ne peut pas être acceptée.",
    "Les conditions de ressources ne sont pas remplies pour cette année.",
    "Il n’y a plus de place à ces dates. Vous pouvez faire une nouvelle demande pour la période suivante.",
    "La demande a été déposée après la date de clôture.",
    "L’avis du service technique est défavorable : le passage ne laisserait pas 1,40 m aux piétons.",
)
CLOSED = (
    "Sans réponse de votre part, la demande est classée. Vous pouvez la déposer de nouveau à tout moment.",
    "Une autre demande, déjà traitée, porte sur le même objet.",
    "Vous nous avez dit ne plus en avoir besoin.",
)
ABSENCES = (("Congés", 62), ("RTT", 16), ("Formation", 9), ("Imprévu", 9), ("Raison familiale", 4))
TEXTS = (
    "Depuis quelques jours, devant chez nous.",
    "Merci de prévenir avant le passage.",
    "Au niveau du carrefour, côté pair.",
    "Nous sommes disponibles le matin de préférence.",
    "Pour un usage familial.",
    "La situation dure depuis deux semaines environ.",
    "C’est une première demande.",
    "Renouvellement de la demande de l’an dernier.",
    "L’accès se fait par la cour.",
    "Nous sommes une quinzaine de personnes.",
)

# When people say that something takes place.
TIMES = ("08:30", "09:00", "10:15", "12:00", "14:00", "15:30", "17:45", "18:30", "20:00", "22:00")
