"""Believable French names and streets. Frequent ones, mixed at random: any likeness to somebody is chance."""

from casework.dossiers.search import fold


def _list(written: str) -> tuple[str, ...]:
    return tuple(" ".join(written.split()).split(", "))


WOMEN = _list(
    """
    Marie, Nathalie, Isabelle, Sylvie, Catherine, Martine, Christine, Françoise, Valérie, Sandrine, Céline,
    Stéphanie, Sophie, Véronique, Patricia, Aurélie, Émilie, Julie, Laura, Camille, Sarah, Manon, Léa, Chloé,
    Emma, Inès, Jade, Louise, Alice, Lina, Anaïs, Mathilde, Pauline, Marine, Clara, Élodie, Audrey, Virginie,
    Delphine, Karine, Fatima, Nadia, Samira, Aïcha, Yasmine, Khadija, Leïla, Rachida, Fatoumata, Aminata,
    Mariam, Awa, Maria, Rosa, Ana, Elena, Ioana, Olga, Thi Lan, Mei, Jeanne, Monique, Jacqueline, Odette,
    Simone, Ginette, Denise, Yvonne, Noémie, Margaux, Agathe, Juliette, Éléonore, Maëlle, Romane, Zoé, Lucie,
    Charlotte, Hélène, Claire, Anne, Agnès, Béatrice, Brigitte, Corinne, Dominique, Florence, Laurence,
    Muriel, Odile
    """
)
MEN = _list(
    """
    Jean, Michel, Philippe, Alain, Patrick, Nicolas, Christophe, Pierre, Christian, Éric, Frédéric, Laurent,
    Stéphane, David, Pascal, Daniel, Sébastien, Julien, Thomas, Olivier, Bernard, Thierry, Alexandre, Maxime,
    Antoine, Kevin, Romain, Mathieu, Guillaume, Benoît, Clément, Hugo, Lucas, Théo, Nathan, Enzo, Louis,
    Gabriel, Raphaël, Arthur, Jules, Adam, Mohamed, Karim, Rachid, Youssef, Mehdi, Nabil, Samir, Ahmed,
    Ibrahima, Mamadou, Moussa, Ousmane, José, Manuel, Paulo, Luis, Andrei, Mihai, Dmitri, Minh, Wei, André,
    René, Roger, Marcel, Georges, Robert, Henri, Léo, Noé, Gaspard, Baptiste, Quentin, Florian, Adrien,
    Vincent, Damien, Fabien, Cédric, Ludovic, Jérôme, Yann, Gaël, Loïc, Hervé, Didier, Gilles, Serge, Yves,
    Xavier, Étienne
    """
)
FAMILIES = _list(
    """
    Martin, Bernard, Thomas, Petit, Robert, Richard, Durand, Dubois, Moreau, Laurent, Simon, Michel, Lefèvre,
    Leroy, Roux, David, Bertrand, Morel, Fournier, Girard, Bonnet, Dupont, Lambert, Fontaine, Rousseau,
    Vincent, Muller, Faure, André, Mercier, Blanc, Guérin, Boyer, Garnier, Chevalier, François, Legrand,
    Gauthier, Garcia, Perrin, Robin, Clément, Morin, Nicolas, Henry, Roussel, Mathieu, Gautier, Masson,
    Marchand, Duval, Denis, Dumont, Marie, Lemaire, Noël, Meyer, Dufour, Meunier, Brun, Blanchard, Giraud,
    Joly, Rivière, Lucas, Brunet, Gaillard, Barbier, Arnaud, Martinez, Gérard, Roche, Renard, Schmitt, Roy,
    Leroux, Colin, Vidal, Caron, Picard, Roger, Fabre, Aubert, Lemoine, Renaud, Dumas, Lacroix, Olivier,
    Philippe, Bourgeois, Pierre, Benoît, Rey, Leclerc, Payet, Rolland, Leclercq, Guillaume, Lecomte, Lopez,
    Jean, Dupuy, Guillot, Hubert, Berger, Carpentier, Sanchez, Dupuis, Moulin, Louis, Deschamps, Huet,
    Vasseur, Perez, Boucher, Fleury, Royer, Klein, Jacquet, Adam, Paris, Poirier, Marty, Aubry, Guyot, Carré,
    Charles, Renault, Charpentier, Ménard, Maillard, Baron, Bertin, Bailly, Hervé, Schneider, Fernandez, Le
    Gall, Collet, Léger, Bouvier, Julien, Prévost, Millet, Perrot, Daniel, Cousin, Germain, Breton, Besson,
    Langlois, Rémy, Le Roux, Pelletier, Lévêque, Perrier, Leblanc, Barré, Lebrun, Marchal, Weber, Mallet,
    Hamon, Boulanger, Jacob, Monnier, Michaud, Rodriguez, Guichard, Gillet, Étienne, Grondin, Poulain,
    Tessier, Chevallier, Collin, Chauvin, Da Silva, Bouchet, Gay, Lemaître, Bénard, Maréchal, Humbert,
    Reynaud, Antoine, Hoarau, Perret, Barthélemy, Cordier, Pichon, Lejeune, Gilbert, Lamy, Delaunay, Pasquier,
    Carlier, Laporte, Benali, Diallo, Traoré, Haddad, Mansouri, Cissé, Ndiaye, Nguyen, Tran, Ferreira,
    Pereira, Popescu, Kowalski, Costa, Gomes, Bouaziz, Cherif, Saidi, Belkacem, Camara, Keita, Konaté, Rossi,
    Fischer, Chen
    """
)
_WAYS = (
    ("rue", 62),
    ("avenue", 9),
    ("allée", 9),
    ("impasse", 7),
    ("chemin", 6),
    ("place", 4),
    ("boulevard", 2),
    ("route", 1),
)
WAYS = tuple(name for name, _ in _WAYS)
WAY_WEIGHTS = tuple(weight for _, weight in _WAYS)
OF_WAYS = _list(
    """
    de la République, Victor-Hugo, Jean-Jaurès, Pasteur, de la Gare, des Écoles, du Moulin, de la Mairie, des
    Tilleuls, de l’Église, du Stade, des Acacias, du 8-Mai-1945, de la Fontaine, des Lilas, des Jardins, du
    Clain, de la Vallée, des Peupliers, du Bois, de la Croix-Blanche, des Chênes, du Château, Carnot,
    Gambetta, de Verdun, des Rosiers, du Lavoir, de la Liberté, Émile-Zola, Jules-Ferry, Louise-Michel,
    Simone-Veil, des Vignes, du Pré-l’Abbé, de la Plaine, des Mésanges, du Général-de-Gaulle, des Cèdres, de
    l’Ancienne-Poste, des Hirondelles, du Puits, Marie-Curie, Rosa-Parks, des Noyers, du Four-à-Chaux, de la
    Boivre, du Pont-Neuf, des Coquelicots, de Bel-Air, des Grands-Champs, du Petit-Bois, de la Paix, des
    Marronniers, Georges-Brassens, Jacques-Prévert, de la Cueille, du Porteau, des Trois-Cités, Montbernage
    """
)


def mailbox(given: str, family: str) -> str:
    """The part before the @ that a person of this name would have."""
    return (
        "".join(c if c.isalnum() else "-" for c in fold(given)) + "." + "".join(c for c in fold(family) if c.isalnum())
    )
